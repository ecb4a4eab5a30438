/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Children that may hang, for tests that have to report a hang instead of hanging as well.
 */
#ifndef _IOKMEM_BOUNDED_H
#define _IOKMEM_BOUNDED_H

#include "iokmem_utils.h"

/* Seconds that a child may take for a short task. Guests can be slow. */
#define PATIENCE	6.0

/* What join_within() returns for a child that did not end by itself in time. */
#define HUNG		1000

/**
 * struct bounded - a child that may hang
 * @pid: its process
 * @output: a file with what it printed
 */
struct bounded {
	pid_t pid;
	int output;
};

/* Wait until @condition is true, for at most @seconds. Return whether it is true. */
#define WITHIN(seconds, condition)					\
	({								\
		double _until = now() + (seconds);			\
		bool _so = condition;					\
									\
		while (!_so && now() < _until) {			\
			usleep(5000);					\
			_so = condition;				\
		}							\
		_so;							\
	})

#define SOON(condition)	WITHIN(PATIENCE, condition)

/*
 * Like spawn(), but the child prints to a file. Otherwise a child that hangs would keep the
 * test program's output open, and a reader of the output would wait for ever.
 */
static inline struct bounded spawn_bounded(int (*run)(void *), void *arg)
{
	struct bounded child = { .output = memfd_create("output", MFD_CLOEXEC) };

	child.pid = fork();
	if (!child.pid) {
		dup2(child.output, STDOUT_FILENO);
		dup2(child.output, STDERR_FILENO);
		_exit(run(arg));
	}
	return child;
}

/* Print the child's output. */
static inline void show_output(struct bounded *child)
{
	char text[1024];
	ssize_t n;

	n = pread(child->output, text, sizeof(text), 0);
	if (n > 0)
		fprintf(stderr, "%.*s", (int)n, text);
	close(child->output);
}

/* Wait a short time for a change of the child's state; @options are those of waitpid(). */
static inline bool wait_within(pid_t pid, int *status, int options)
{
	return SOON(waitpid(pid, status, options | WNOHANG) == pid);
}

/*
 * Return the exit code of a child as join() does, or HUNG if it has not ended after
 * @seconds. A child that hangs is killed; one that cannot be killed is left behind.
 */
static inline int join_within(struct bounded *child, double seconds)
{
	double until = now() + seconds;
	int status = 0, killed;
	pid_t pid = 0;

	while (!pid && now() < until) {
		pid = waitpid(child->pid, &status, WNOHANG);
		if (!pid)
			usleep(5000);
	}
	if (!pid) {
		kill(child->pid, SIGKILL);
		killed = WITHIN(1, waitpid(child->pid, &status, WNOHANG) == child->pid);
		fprintf(stderr, "# process %d did not end; SIGKILL %s\n", child->pid,
			killed ? "ended it" : "does not end it either");
	}
	show_output(child);
	if (pid <= 0)
		return HUNG;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Return the exit code of a child that has PATIENCE to end. */
static inline int run_bounded(int (*run)(void *), void *arg)
{
	struct bounded child = spawn_bounded(run, arg);

	return join_within(&child, PATIENCE);
}

#endif /* _IOKMEM_BOUNDED_H */
