#include <stdio.h>

int main(void)
{
    puts("millrace " MILLRACE_VERSION);
    return 0;
}
