/* Which SQL ran, what SQLite planned for it, and how many rows it really walked over. */
#ifndef BENCH_PLANS_H
#define BENCH_PLANS_H

/* Connections opened from here on are watched. */
void bench_plans_start(void);
/* What the statements that follow belong to. */
void bench_plans_label(const char *operation);
/* Stops watching; explains each statement on the file. Gives how many of them walk over more rows than
 * any one of these calls should; with `print`, all of them go to the standard output. */
int bench_plans_finish(const char *path, int print);

#endif
