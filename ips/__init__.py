"""The broker: payment modules, approval, refunds, batches, inquiries, ledger, terminals."""
