"""The scripted server as a program: `python -m course_utils.fake --help`."""

from course_utils.fake.server.server import main

if __name__ == "__main__":
    main()
