#include <cublas_v2.h>
#include <cufft.h>
#include <stdio.h>
#ifdef HAS_CUDNN
#include <cudnn_version.h>
#else
static int cudnn(void) { return 0; }
#endif

int main(void) { return printf("%d %d %d\n", cublas(), cufft(), cudnn()) < 0; }
