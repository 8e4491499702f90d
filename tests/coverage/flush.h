/* Included before everything in the build that is measured: a child process that ends with _exit tells what
 * it went through, which gcc's own runtime does for exit alone. Tests of faults are such children. */
#ifndef TESTS_COVERAGE_FLUSH_H
#define TESTS_COVERAGE_FLUSH_H

void __gcov_dump(void);
extern void coverage_end(int status) __asm__("_exit") __attribute__((noreturn));

__attribute__((noreturn, unused)) static void coverage_exit(int status)
{
    __gcov_dump();
    coverage_end(status);
}
#define _exit coverage_exit

#endif
