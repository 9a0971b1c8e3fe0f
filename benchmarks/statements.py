"""The statements of `byhand.py`, for each database."""

from dataclasses import dataclass

from benchmarks.billing import CUTOFF

CUT = f"{CUTOFF:%Y-%m-%d %H:%M:%S}"
IN_SCOPE = "(s.kind <> 'draft' OR s.kind IS NULL)"
SETTLED = ("COALESCE(s.status = 'closed' AND s.use_ended_at >= '1990-01-01' AND s.use_ended_at >= s.started_at "
           f"AND s.use_ended_at < '{CUT}', FALSE)")
# Asked of each record by the index on services(customer_id), never by a join over the whole table.
SERVICES_OF = f"FROM services s WHERE s.customer_id = c.customer_id AND {IN_SCOPE}"
NOT_HELD = "NOT EXISTS (SELECT 1 FROM bench_hold h WHERE h.customer_id = c.customer_id)"
DUE = {
    "postgresql": f"{NOT_HELD} AND COALESCE((SELECT bool_and({SETTLED}) {SERVICES_OF}), FALSE)",
    "mariadb": f"{NOT_HELD} AND COALESCE((SELECT MIN({SETTLED}) {SERVICES_OF}), 0) = 1",
}
GROUPED = (f"SELECT s.customer_id, max(s.use_ended_at) AS last_end FROM services s WHERE {IN_SCOPE} "
           f"GROUP BY s.customer_id HAVING bool_and({SETTLED})")
BY_ABSENCE = (f"{NOT_HELD} AND EXISTS (SELECT 1 {SERVICES_OF}) "
              f"AND NOT EXISTS (SELECT 1 {SERVICES_OF} AND NOT {SETTLED})")
LAST_END = f"(SELECT max(s.use_ended_at) {SERVICES_OF})"

COLUMNS = "(batch_no, record_key, reference, service_end, rule, policy_version, removed_at)"
CONSTANTS = "'P5Y|jp-civil-code|Asia/Tokyo', '2', CURRENT_TIMESTAMP"
REDACTED = "card_holder = NULL, card_token = '***', card_exp = NULL, last4 = NULL, brand = NULL"
FILLED = ("c.method = 'card' AND (c.card_holder <> '' OR (c.card_token <> '' AND c.card_token <> '***') "
          "OR c.card_exp <> '' OR c.last4 <> '' OR c.brand <> '')")

MAKE = {
    "postgresql": (
        "CREATE TABLE bench_hold (customer_id integer PRIMARY KEY)",
        "CREATE TABLE bench_work (seq integer PRIMARY KEY, id integer, customer_id integer, batch_no integer)",
        "CREATE TABLE bench_evidence (batch_no integer, record_key integer, reference text, service_end timestamptz, "
        "rule text, policy_version text, removed_at timestamptz, PRIMARY KEY (batch_no, record_key))",
        "CREATE TABLE bench_batch (batch_no integer PRIMARY KEY, purged integer, digest text, removed_at timestamptz)",
    ),
    "mariadb": (
        "CREATE TABLE bench_hold (customer_id int PRIMARY KEY) ENGINE=InnoDB",
        "CREATE TABLE bench_work (seq int PRIMARY KEY, id int, customer_id int, batch_no int) ENGINE=InnoDB",
        "CREATE TABLE bench_evidence (batch_no int, record_key int, reference char(32), service_end datetime(6), "
        "rule varchar(80), policy_version varchar(10), removed_at datetime, PRIMARY KEY (batch_no, record_key)) "
        "ENGINE=InnoDB",
        "CREATE TABLE bench_batch (batch_no int PRIMARY KEY, purged int, digest char(32), removed_at datetime) "
        "ENGINE=InnoDB",
    ),
}


def _one_statement(what: str) -> tuple[str, ...]:
    return (f"WITH due AS ({GROUPED}), gone AS ({what} AND {NOT_HELD} RETURNING c.id, due.last_end) "
            f"INSERT INTO bench_evidence {COLUMNS} SELECT 1, id, md5('salt' || id), last_end, {CONSTANTS} FROM gone",)


def _two_statements(table: str, extra: str, remove: str) -> tuple[str, ...]:
    # DELETE of several tables has no RETURNING, and UPDATE none at all: evidence first, removal by the evidence.
    return (f"INSERT INTO bench_evidence {COLUMNS} SELECT 1, c.id, md5(concat('salt', c.id)), {LAST_END}, {CONSTANTS} "
            f"FROM {table} c WHERE {extra} AND {BY_ABSENCE}", remove)


LIMIT = {
    ("postgresql", "cards"): _one_statement("DELETE FROM cards c USING due WHERE due.customer_id = c.customer_id"),
    ("postgresql", "payments"): _one_statement(
        f"UPDATE payments c SET {REDACTED} FROM due WHERE due.customer_id = c.customer_id AND {FILLED}"),
    ("mariadb", "cards"): _two_statements(
        "cards", "TRUE", "DELETE c FROM bench_evidence e JOIN cards c ON c.id = e.record_key"),
    ("mariadb", "payments"): _two_statements(
        "payments", FILLED,
        f"UPDATE bench_evidence e JOIN payments c ON c.id = e.record_key SET {REDACTED.replace('card_', 'c.card_')}"),
}


@dataclass(frozen=True, slots=True)
class Statements:
    """One database's statements, in the order of a batch. None where its turn is not needed."""

    find: str
    analyse: str
    wanted: str | None
    lock_subjects: str
    lock_services: str
    services: str
    record: str | None
    remove: str
    close: str
    read_back: str
    done: str


WINDOW = "w.seq BETWEEN %(first)s AND %(last)s"
READ_BACK = "SELECT purged FROM bench_batch WHERE batch_no = %(batch)s"
DONE = "UPDATE bench_work w SET batch_no = %(batch)s WHERE " + WINDOW
SQL = {
    "postgresql": Statements(
        find=f"WITH due AS ({GROUPED}) INSERT INTO bench_work (seq, id, customer_id) "
             "SELECT row_number() OVER (ORDER BY c.id), c.id, c.customer_id "
             f"FROM cards c JOIN due ON due.customer_id = c.customer_id WHERE {NOT_HELD}",
        analyse="ANALYZE bench_work",
        wanted=None,
        lock_subjects="SELECT id FROM customers WHERE id = ANY(ARRAY(SELECT w.customer_id FROM bench_work w "
                      f"WHERE {WINDOW})) ORDER BY id FOR UPDATE SKIP LOCKED",
        lock_services="SELECT customer_id FROM services WHERE customer_id = ANY(%(held)s) ORDER BY customer_id, id "
                      "FOR UPDATE SKIP LOCKED",
        services="SELECT customer_id, count(*) FROM services WHERE customer_id = ANY(%(held)s) GROUP BY customer_id",
        record=None,
        remove="WITH gone AS (DELETE FROM cards c USING bench_work w "
               f"WHERE {WINDOW} AND c.id = w.id AND c.customer_id = w.customer_id AND c.customer_id = ANY(%(held)s) "
               f"AND {DUE['postgresql']} RETURNING c.id, c.customer_id) "
               f"INSERT INTO bench_evidence {COLUMNS} "
               f"SELECT %(batch)s, c.id, md5('salt' || c.id), {LAST_END}, {CONSTANTS} FROM gone c",
        close="INSERT INTO bench_batch SELECT %(batch)s, count(*), md5(string_agg(e::text, ',' ORDER BY record_key)), "
              "CURRENT_TIMESTAMP FROM bench_evidence e WHERE batch_no = %(batch)s",
        read_back=READ_BACK,
        done=DONE,
    ),
    "mariadb": Statements(
        find="INSERT INTO bench_work (seq, id, customer_id) "
             "SELECT row_number() OVER (ORDER BY c.id), c.id, c.customer_id "
             f"FROM cards c WHERE {BY_ABSENCE}",
        analyse="ANALYZE TABLE bench_work",
        wanted=f"SELECT DISTINCT w.customer_id FROM bench_work w WHERE {WINDOW}",
        lock_subjects="SELECT id FROM customers WHERE id IN %(wanted)s ORDER BY id FOR UPDATE SKIP LOCKED",
        lock_services="SELECT customer_id FROM services WHERE customer_id IN %(held)s ORDER BY customer_id, id "
                      "FOR UPDATE SKIP LOCKED",
        services="SELECT customer_id, count(*) FROM services WHERE customer_id IN %(held)s GROUP BY customer_id",
        record=f"INSERT INTO bench_evidence {COLUMNS} "
               f"SELECT %(batch)s, c.id, md5(concat('salt', c.id)), {LAST_END}, {CONSTANTS} "
               "FROM bench_work w STRAIGHT_JOIN cards c ON c.id = w.id AND c.customer_id = w.customer_id "
               f"WHERE {WINDOW} AND c.customer_id IN %(held)s AND {DUE['mariadb']}",
        remove="DELETE c FROM bench_evidence e STRAIGHT_JOIN cards c ON c.id = e.record_key "
               f"WHERE e.batch_no = %(batch)s AND c.customer_id IN %(held)s AND {DUE['mariadb']}",
        close="INSERT INTO bench_batch SELECT %(batch)s, count(*), md5(group_concat(concat_ws('|', record_key, "
              "reference, service_end, rule, policy_version, removed_at) ORDER BY record_key)), CURRENT_TIMESTAMP "
              "FROM bench_evidence WHERE batch_no = %(batch)s",
        read_back=READ_BACK,
        done=DONE,
    ),
}
