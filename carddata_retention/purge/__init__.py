"""The purge engine. Why it is safe, before the first import.

One batch is one transaction. Whatever throws inside it, nothing of it happened: no row removed, no evidence
written. What it removes and the evidence of it are committed by one COMMIT.

Inside a batch, in separate statements, because all parts of one statement share one snapshot:

1. the subjects of the batch's records are read, and their parent rows locked with SKIP LOCKED in key order: the
   lock conflicts with the one that inserting a service takes through its foreign key;
2. the services of those subjects are locked with SKIP LOCKED, and every SUBJECT of which any row was not locked
   is dropped from the batch: dropping only the row would let a customer through whose second service is being
   reopened;
3. the records themselves are locked with SKIP LOCKED and decided again by the whole table of `status.py`; a
   record that is held, no longer due, moved or gone falls out with its reason;
4. the removing statement names the locked keys AND repeats the whole decision; the number of rows that it
   reports must be the number decided in step 3, and after a redaction the fields are read back. A trigger that
   swallows the removal therefore rolls the batch back;
5. tombstones, the batch row with their digest and the outcomes are written. COMMIT.

What is locked by others is skipped, retried at the end of the run and then reported. A batch that fails is
halved until the record that makes it fail stands alone. A COMMIT whose reply was lost is looked up in the ledger
before anything is repeated.
"""
