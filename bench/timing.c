#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double bench_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_wall_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void bench_race(bench_contender *contenders, size_t n, int n_slices)
{
    for (size_t i = 0; i < n; i++)
        contenders[i].run(contenders[i].user);
    for (int round = 0; round < BENCH_ROUNDS; round++)
        for (size_t i = 0; i < n * (size_t)n_slices; i++) {
            bench_contender *c = &contenders[(i / n + (size_t)round) % 2 ? n - 1 - i % n : i % n];
            const double cpu = bench_cpu_ns(), wall = bench_wall_ns();
            c->run(c->user);
            c->cpu_ns[round] += bench_cpu_ns() - cpu;
            c->wall_ns[round] += bench_wall_ns() - wall;
        }
}

static void repeat_once(bench_repeated *task, double *cpu_ns_out, double *wall_ns_out)
{
    if (task->before)
        task->before(task->user);
    const double cpu = bench_cpu_ns(), wall = bench_wall_ns();
    task->run(task->user);
    *wall_ns_out = bench_wall_ns() - wall;
    *cpu_ns_out = bench_cpu_ns() - cpu;
    if (task->after)
        task->after(task->user);
}

void bench_repeat(bench_repeated *tasks, size_t n_tasks)
{
    for (int round = -1; round < BENCH_ROUNDS; round++)
        for (size_t i = 0; i < n_tasks; i++) {
            bench_repeated *task = &tasks[round % 2 ? n_tasks - 1 - i : i];
            const size_t n = round < 0 ? 1 : (size_t)task->per_round;
            double *cpu = bench_alloc(n * sizeof *cpu), *wall = bench_alloc(n * sizeof *wall);
            for (size_t k = 0; k < n; k++)
                repeat_once(task, &cpu[k], &wall[k]);
            if (round >= 0) {
                task->cpu_ns[round] = bench_median(cpu, n);
                task->wall_ns[round] = bench_median(wall, n);
            }
            free(cpu);
            free(wall);
        }
}
