"""OpenAI-compatible servers: their answers, and the speed that their clients see."""
