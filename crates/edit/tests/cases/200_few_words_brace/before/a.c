int f(void)
{
    if (x) {
        y();
    }
}
