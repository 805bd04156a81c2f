int v1;
int x;
int v2;
int v3;
int main(void)
{
    a();
    b();
    c();
    d();
    e();
    f();
    return 0;
}
