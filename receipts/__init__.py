"""Facts to document, document to ESC/POS, text, PNG, HTML. Pure."""
