-- KEYS  truth, version
return truth_read(KEYS[1], KEYS[2])
