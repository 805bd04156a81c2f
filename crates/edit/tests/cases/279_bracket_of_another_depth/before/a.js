function load(name) {
  const path = join(folder, name);
  if (cache.has(path)) {
    report("cached", path);
    if (verbose) {
      print("found it", path);
    }
  }
  return read(path);
}
