"""The chat's page in Chromium, with a model whose words come from the test."""
