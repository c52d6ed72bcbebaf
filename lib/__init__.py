"""Nothing about insurance: one module per noun, each usable alone."""
