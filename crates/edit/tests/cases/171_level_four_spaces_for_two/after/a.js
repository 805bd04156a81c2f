function a() {
  if (x) {
    run(first);
    run(second);
  }
}
