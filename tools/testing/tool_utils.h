/* SPDX-License-Identifier: GPL-2.0-only */
/* Running iokmem(1), and a /proc of a test's own for it. */
#ifndef _TOOL_UTILS_H
#define _TOOL_UTILS_H

#include "limits_utils.h"

#include <ftw.h>
#include <stdarg.h>

#include "json.h"

#define TOOL	(getenv("IOKMEM_TOOL") ?: "/iokmem")

/* The output of a program, and its exit code as join() returns it. */
struct ran {
	int code;
	char *out;
	char *err;
};

static inline void ran_free(struct ran *ran)
{
	free(ran->out);
	free(ran->err);
}

/* Return all of a file as a string. */
static inline char *contents_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, size + 1);

	if (pread(fd, text, size, 0) != size)
		text[0] = 0;
	close(fd);
	return text;
}

/* Run the tool as a user, with up to six arguments. */
static inline struct ran run_tool_as(uid_t uid, const char *const *args)
{
	const char *argv[8] = { "iokmem" };
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), i;
	/* The user may not be allowed into the directory. */
	int tool = open(TOOL, O_RDONLY | O_CLOEXEC);
	struct ran ran;
	pid_t child;

	for (i = 0; args[i] && i < 6; i++)
		argv[i + 1] = args[i];
	child = fork();
	if (!child) {
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
			    setresuid(uid, uid, uid)))
			_exit(126);
		fexecve(tool, (char **)argv, environ);
		_exit(127);
	}
	close(tool);
	ran.code = join(child);
	ran.out = contents_of(out);
	ran.err = contents_of(err);
	return ran;
}

#define run_tool(_uid, ...) run_tool_as(_uid, (const char *const []){ __VA_ARGS__, NULL })

/* Run the tool, which must succeed without a word of complaint, and return its JSON. */
#define TOOL_JSON(uid, ...)						\
	({								\
		struct ran _ran = run_tool(uid, __VA_ARGS__, "--json");	\
		struct json *_json = json_parse(_ran.out);		\
									\
		EXPECT_EQ(0, _ran.code);				\
		EXPECT_STREQ("", _ran.err);				\
		EXPECT_NE(NULL, _json) TH_LOG("not JSON: %s", _ran.out); \
		EXPECT_TRUE(json_says(_json, "format", "iokmem-1"));	\
		ran_free(&_ran);					\
		_json;							\
	})

/* A directory with a /proc of the test's own. */

/* Write a file below the directory, and make the directories that it is in. */
__attribute__((format(printf, 3, 4)))
static inline void put_file(const char *root, const char *name, const char *format, ...)
{
	char path[256], *slash;
	va_list args;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "we");
	if (!file)
		return;
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

static inline void put_bytes(const char *root, const char *name, const char *bytes, size_t nr)
{
	char path[256];
	int fd;

	put_file(root, name, "%s", "");
	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (write(fd, bytes, nr) != (ssize_t)nr)
		perror(path);
	close(fd);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline void remove_tree(const char *root)
{
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif /* _TOOL_UTILS_H */
