"""What the bar is measured on; nothing in here is installed with the package."""
