def check(t): return []
