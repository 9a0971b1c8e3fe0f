"""Writes the configuration of the sample: the file that a night on it reads, with its reasons as comments."""

import json
from pathlib import Path
from typing import get_args

from carddata_retention.demo.lives import YEARS
from carddata_retention.settings import Format

FILE = "retention.toml"

TEXT = f'''# The retention policy of the sample billing database, as code. Every person in it is invented.

[policy]
id = "card-data-notice"
zone = "Asia/Tokyo"                     # days begin and end here, wherever the server stands
convention = "jp-civil-code"            # 民法 138–143条: the first day is not counted
applies = "current"
grace_days = 7                          # due for longer than this is OVERDUE

[[policy.versions]]
version = "1"                           # 変更前: サービス提供終了時より5年間
effective_from = 2010-01-01
trigger = "service_provision_end"
period = "P{YEARS}Y"
purpose = "サービスの代金を決済するため"
acquirer = "個人情報保護管理者"
recipients = ["カード発行会社", "加盟または提携先"]

[[policy.versions]]
version = "2"                           # 変更後: サービス利用終了時より5年間
effective_from = 2014-04-01
trigger = "service_use_end"
period = "P{YEARS}Y"
purpose = "サービスの代金を決済するため"
acquirer = "個人情報保護管理者"
recipients = ["カード発行会社", "加盟または提携先"]
owner = "Risk management"
justification = "Disputes and refunds after the contract"

[database]
url = "sqlite:///billing.db"            # beside this file; a real one is named by url_env: no password here

[service_end]                           # the last end among all services of a customer decides
table = "services"
subject = "customer_id"
started = "started_at"
status = "status"                       # a status that is not listed below is open, whatever the end says
terminated = ["closed"]
kind = "instant"
zone = "UTC"                            # texts without an offset are UTC
earliest = 1990-01-01                   # 1970-01-01 and the like are no service ends
open_sentinels = ["9999-12-31"]
# midnights = "exact" is not said: an end at exactly 00:00 may be a date cast to a time, and is read as within its day

[service_end.triggers]
service_use_end = "use_ended_at"
service_provision_end = "provision_ended_at"

[subject]
table = "customers"
key = "id"

[[targets]]
name = "cards"
table = "cards"
key = ["id"]
subject = "customer_id"
fields = {{ holder = "cardholder_name", number = "card_token", expiry = ["exp_month", "exp_year"] }}
disposition = "delete"
children = [{{ table = "card_usage", columns = ["card_id"], disposition = "delete" }}]

[[targets]]
name = "payments"                       # an accounting row: it stays and loses its card fields
table = "payments"
key = ["id"]
subject = "customer_id"
fields = {{ holder = "card_holder", number = "card_token", expiry = "card_exp" }}
disposition = "redact"
also = ["last4", "brand"]
where = "method = 'card'"

[limits]
max_share = 0.05                        # more than this in one night is refused
min_rows = 1000
first_run = "allow"                     # for the demonstration only; without it the first night waits for `apply`

[[locations]]                           # card data that no statement on this database reaches
name = "call recordings"
owner = "Customer centre"
reach = "none"

[[locations]]
name = "token vault of the payment processor"
owner = "Payment processor"
reach = "none"

[[locations]]
name = "database backups"
owner = "Operations"
reach = "none"

[report]
directory = "reports"
languages = ["ja", "en"]
formats = <formats>                     # what each holds: docs/reports.md

[evidence]
key_file = "evidence.key"
directory = "evidence"
'''


def write_configuration(directory: Path, formats: tuple[Format, ...] = get_args(Format)) -> Path:
    """Write `retention.toml` into `directory` and say where; `formats` are those of its reports.

    Raises FileExistsError rather than replace one.
    """
    path = directory / FILE
    with path.open("x", encoding="utf-8") as file:
        file.write(TEXT.replace("<formats>", json.dumps(formats)))
    return path
