"""Lists of groups: what two parties each list, brought together by the alias table and the groups topic."""
