"""One way to do each exercise, a file per notebook: real code, run by the tests."""
