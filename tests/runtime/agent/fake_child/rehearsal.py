def rehearse(directory, output):
    pass
