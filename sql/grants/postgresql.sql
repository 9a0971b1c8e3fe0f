-- The rights of the five logins on the example (customers, services, cards, card_usage, payments), and no other.
--
-- Written by hand. Apply as the owner of the tables, after sql/schema/postgresql.sql. Replace, each everywhere it stands:
--   remover    the login of `run` and `apply`                  CARDDATA_DATABASE_URL
--   planner    the login of `plan`, `check` and `explain`      plan_url_env
--   verifier   the login of `verify`                           verify_url_env
--   registrar  the login of `hold` and `request`               register_url_env
--   discoverer the login of `discover`, and of `init`          discover_url_env
--   public     the schema of the billing tables
--   carddata   the schema of our own tables                    [evidence] schema
-- and the example's tables and columns by those of retention.toml. The logins exist already:
--   CREATE ROLE remover LOGIN PASSWORD '…';  -- not a superuser, not the owner of a table
--
-- PostgreSQL locks a row only for whoever may UPDATE one of its columns. So the remover gets UPDATE on one harmless column
-- of each table whose rows it locks: of the subject's table the one that [subject] lock_column names, of the others any.
-- The job never writes it. A redacted target needs nothing extra: its declared fields are such columns.
--
-- Row security hides rows in silence. The job switches hiding off, so a policy in its way is an error; where the tables
-- have policies:  ALTER ROLE remover BYPASSRLS;  likewise for planner, verifier and registrar.

GRANT USAGE ON SCHEMA public, carddata TO remover, planner, verifier, registrar;

-- Reading: what decides a record, and its card fields (only to count whether they are filled; they never leave).
GRANT SELECT (id, name) ON public.customers TO remover, planner, verifier, registrar;
GRANT SELECT (customer_id, kind, status, started_at, use_ended_at, provision_ended_at) ON public.services TO remover, planner, verifier, registrar;
GRANT SELECT (id, customer_id, cardholder_name, card_token, exp_month, exp_year) ON public.cards TO remover, planner, verifier, registrar;
GRANT SELECT (id, customer_id, method, card_holder, card_token, card_exp, last4, brand) ON public.payments TO remover, planner, verifier, registrar;
GRANT SELECT (card_id) ON public.card_usage TO remover, planner, verifier, registrar;

-- Locking: one column each; of customers the lock_column of [subject].
GRANT UPDATE (name) ON public.customers TO remover;
GRANT UPDATE (kind) ON public.services TO remover;
GRANT UPDATE (exp_month) ON public.cards TO remover;
GRANT UPDATE (card_id) ON public.card_usage TO remover;

-- Removing: disposition = "delete" and its children.
GRANT DELETE ON public.cards, public.card_usage TO remover;

-- Redacting: the declared fields and `also`, no other column.
GRANT UPDATE (card_holder, card_token, card_exp, last4, brand) ON public.payments TO remover;

-- Our own tables. What is written once is never changed: batches and tombstones take rows and give none back.
GRANT SELECT ON ALL TABLES IN SCHEMA carddata TO remover, planner, verifier, registrar;
GRANT INSERT, UPDATE ON carddata.run TO remover;
GRANT INSERT ON carddata.batch, carddata.tombstone, carddata.deadline, carddata.event TO remover;
GRANT INSERT, UPDATE, DELETE ON carddata.work TO remover;
GRANT INSERT, DELETE ON carddata.target TO remover;

-- Holds, requests and attested ends are another login's: who removes neither releases a hold nor grants a request. The
-- remover only notes the day on which nothing was left of a request, and which attested ends the data have overtaken.
GRANT UPDATE (closed_at) ON carddata.request TO remover;
GRANT UPDATE (overtaken_at, overtaken_by) ON carddata.attestation TO remover;
GRANT INSERT, UPDATE ON carddata.hold, carddata.request, carddata.attestation TO registrar;
GRANT INSERT ON carddata.event TO registrar;

-- Placing a hold locks what a batch would lock, so it comes before a removal or after it: one column each, as above.
GRANT UPDATE (name) ON public.customers TO registrar;
GRANT UPDATE (kind) ON public.services TO registrar;
GRANT UPDATE (exp_month) ON public.cards TO registrar;
GRANT UPDATE (brand) ON public.payments TO registrar;

-- Looking for what nobody declared takes every column of every table, and nothing else. A table that comes later is
-- named as not read until this is granted again. Our own tables hold no card data, and are not read.
GRANT USAGE ON SCHEMA public TO discoverer;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO discoverer;
ALTER ROLE discoverer SET default_transaction_read_only = on;
