"""The auditor's verifier of exported evidence: this folder, Python and `cryptography`, nothing else of the product.

    python -m verifier FOLDER      every file of an evidence folder, and that each run follows the one before
    python -m verifier PROOF.json  that one record was removed, without the rest of the evidence
    … --keys keys.json             the public keys to trust, got on another way than the evidence; else FOLDER/keys.json
    … --head SEAL                  a seal from a signed report: files that end before it were cut off

It says which line of which file was changed, removed, added or moved, and leaves with 50 then. Copy the folder to
any machine; inside an installed product it is `python -m carddata_retention.verifier`.
"""
