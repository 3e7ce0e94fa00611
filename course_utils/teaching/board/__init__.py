"""The class board: who is done, stuck or not begun, for those who want to be on it."""

from course_utils.teaching.board.alias import join_board, leave_board

__all__ = ["join_board", "leave_board"]
