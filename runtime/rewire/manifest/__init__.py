"""From text to a checked manifest: source, document, diagnostics, validation. Pure."""
