-- The rights of the five logins on the example (customers, services, cards, card_usage, payments), and no other.
--
-- Written by hand. Apply as an administrator, after sql/schema/mariadb.sql. Replace, each everywhere it stands:
--   remover    the login of `run` and `apply`                  CARDDATA_DATABASE_URL
--   planner    the login of `plan`, `check` and `explain`      plan_url_env
--   verifier   the login of `verify`                           verify_url_env
--   registrar  the login of `hold` and `request`               register_url_env
--   discoverer the login of `discover`, and of `init`          discover_url_env
--   '%'        the host that each comes from
--   billing    the database
--   carddata_  the prefix of our own tables                    [evidence] prefix
-- and the example's tables and columns by those of retention.toml. The logins exist already:
--   CREATE USER remover@'%' IDENTIFIED BY '…';
--
-- SHOW VIEW on the whole database reads no row and changes nothing. It is needed because MariaDB shows a login only the
-- foreign keys of tables on which it has some right: without it a table that nobody declared, with ON DELETE CASCADE, would
-- lose its rows unseen. Triggers MariaDB shows only to whoever may make some; that right is not given here, so a trigger
-- on a target is not listed by `plan`. Look for them yourself: SHOW TRIGGERS FROM billing;

GRANT SHOW VIEW ON billing.* TO remover@'%', planner@'%', verifier@'%', registrar@'%';

-- Reading: what decides a record, and its card fields (only to count whether they are filled; they never leave).
GRANT SELECT (id, name) ON billing.customers TO remover@'%', planner@'%', verifier@'%', registrar@'%';
GRANT SELECT (customer_id, kind, status, started_at, use_ended_at, provision_ended_at) ON billing.services TO remover@'%', planner@'%', verifier@'%', registrar@'%';
GRANT SELECT (id, customer_id, cardholder_name, card_token, exp_month, exp_year) ON billing.cards TO remover@'%', planner@'%', verifier@'%', registrar@'%';
GRANT SELECT (id, customer_id, method, card_holder, card_token, card_exp, last4, brand) ON billing.payments TO remover@'%', planner@'%', verifier@'%', registrar@'%';
GRANT SELECT (card_id) ON billing.card_usage TO remover@'%', planner@'%', verifier@'%', registrar@'%';

-- Removing: disposition = "delete" and its children.
GRANT DELETE ON billing.cards TO remover@'%';
GRANT DELETE ON billing.card_usage TO remover@'%';

-- Redacting: the declared fields and `also`, no other column.
GRANT UPDATE (card_holder, card_token, card_exp, last4, brand) ON billing.payments TO remover@'%';

-- Our own tables. What is written once is never changed: batches and tombstones take rows and give none back.
GRANT SELECT, INSERT, UPDATE ON billing.carddata_run TO remover@'%';
GRANT SELECT, INSERT ON billing.carddata_batch TO remover@'%';
GRANT SELECT, INSERT ON billing.carddata_tombstone TO remover@'%';
GRANT SELECT, INSERT ON billing.carddata_deadline TO remover@'%';
GRANT SELECT, INSERT ON billing.carddata_event TO remover@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON billing.carddata_work TO remover@'%';
GRANT SELECT, INSERT, DELETE ON billing.carddata_target TO remover@'%';
GRANT SELECT ON billing.carddata_hold TO remover@'%', planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_attestation TO remover@'%', planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_request TO remover@'%', planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_run TO planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_batch TO planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_tombstone TO planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_deadline TO planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_event TO planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_work TO planner@'%', verifier@'%', registrar@'%';
GRANT SELECT ON billing.carddata_target TO planner@'%', verifier@'%', registrar@'%';

-- Holds, requests and attested ends are another login's: who removes neither releases a hold nor grants a request. The
-- remover only notes the day on which nothing was left of a request, and which attested ends the data have overtaken.
GRANT UPDATE (closed_at) ON billing.carddata_request TO remover@'%';
GRANT UPDATE (overtaken_at, overtaken_by) ON billing.carddata_attestation TO remover@'%';
GRANT INSERT, UPDATE ON billing.carddata_hold TO registrar@'%';
GRANT INSERT, UPDATE ON billing.carddata_request TO registrar@'%';
GRANT INSERT, UPDATE ON billing.carddata_attestation TO registrar@'%';
GRANT INSERT ON billing.carddata_event TO registrar@'%';

-- Looking for what nobody declared takes every column of every table, and nothing else.
GRANT SELECT, SHOW VIEW ON billing.* TO discoverer@'%';
