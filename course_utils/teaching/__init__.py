"""Exercises that say what is not right yet, questions, and what a learner has done."""

from course_utils.teaching.board import join_board, leave_board
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise
from course_utils.teaching.progress import progress
from course_utils.teaching.progress_file import load_progress, save_progress
from course_utils.teaching.quiz import Predict, Quiz

__all__ = [
    "Exercise",
    "NotYet",
    "Predict",
    "Quiz",
    "expect",
    "expect_equal",
    "join_board",
    "leave_board",
    "load_progress",
    "progress",
    "save_progress",
    "shorten",
]
