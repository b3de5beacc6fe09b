"""The second opinion: reference evaluator, random samples, differences, judging of answers."""
