"""What stands in the page: the widget, its feeder, and the page's own code."""
