def check(t):
    return []
