function a() {
  if (x) {
    run(first);
  }
}
