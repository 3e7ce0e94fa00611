"""The teacher's guide: pages made from the notebooks, the lessons and their tests."""
