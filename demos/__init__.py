"""What a visitor sees: one module a tab, in this order. A new tab is one line here."""

TABS = (
    "home",
    "classification",
    "detection",
    "text",
    "translation",
    "images",
    "results",
    "server",
)
