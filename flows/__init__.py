"""duban: the path of one reply letter, from the inbox to kept promises.

    inbox/答复.pdf
      │ watch_inbox        a file that has stopped changing, once per content
      ▼
    process_letter         understand → keep the original → file the record → enter the ledger → deliver → clear
      │
      ├─ originals/…, records/…      in the object store, receipts read back
      ├─ the ledger                  letter, commitments, notices: one transaction
      └─ outbox/<agency_id>/         one notice per commitment and owner
    A letter that cannot be processed waits in quarantine/ beside a .why.json.
"""

__version__ = "0.1.0"
