"""What learners answer, right and wrong: the checks of each lesson are held to it."""
