int v1;
int v2;
int v3;
int main(void)
{
    a();
    b();
    c();
    d();
    e();
    return 0;
}
