// SPDX-License-Identifier: GPL-2.0
/*
 * Sending descriptors to another process over a Unix socket.
 *
 * A message is one byte and one file descriptor. The receiver asks the kernel about the
 * descriptor, and does not trust the sender.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/iokmem.h>
#include <linux/magic.h>

#include "internal.h"

/* The byte tells these messages from others. */
#define DESCRIPTOR	'D'

#define SEND_OPTIONS	(IOKMEM_SEND_READ_ONLY | IOKMEM_SEND_WRITABLE | IOKMEM_SEND_NO_REVOKE)

static int32_t send_fd(int sock, int fd)
{
	char byte = DESCRIPTOR;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = { .bytes = "" };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	ssize_t sent;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? IOKMEM_RETURN_IPC_ERROR : IOKMEM_RETURN_SUCCESS;
}

static bool is_sent_read_only(const struct iokmem_desc *desc, uint64_t options)
{
	return (options & IOKMEM_SEND_READ_ONLY) ||
	       (desc->direction == IOKMEM_MEMORY_DIRECTION_OUT &&
		!(options & IOKMEM_SEND_WRITABLE));
}

/**
 * iokmem_desc_send - send a descriptor to another process
 * @desc: the descriptor
 * @sock: a connected Unix socket, of any type
 * @options: IOKMEM_SEND_READ_ONLY, or IOKMEM_SEND_WRITABLE; IOKMEM_SEND_NO_REVOKE; or 0
 *
 * A receiver of memory with the direction Out can only read it, unless @options have
 * IOKMEM_SEND_WRITABLE. Otherwise it has the rights that @desc has, which may include
 * iokmem_desc_revoke(). The call does not change @desc.
 *
 * Return: BAD_ARGUMENT: NULL, unknown options, or options that contradict each other;
 * NO_RESOURCES: no room for another file descriptor; IPC_ERROR: the socket does not take it,
 * see sendmsg(2).
 */
int32_t iokmem_desc_send(struct iokmem_desc *desc, int sock, uint64_t options)
{
	struct iokmem_duplicate arg = { .size = sizeof(arg) };
	int32_t ret;
	int err;

	if (!desc)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (options & ~(uint64_t)SEND_OPTIONS)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if ((options & IOKMEM_SEND_READ_ONLY) && (options & IOKMEM_SEND_WRITABLE))
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (is_sent_read_only(desc, options))
		arg.flags = IOKMEM_FD_READ_ONLY;
	else if (options & IOKMEM_SEND_NO_REVOKE)
		arg.flags = IOKMEM_FD_NO_REVOKE;
	else
		return send_fd(sock, desc->fd);

	if (ioctl(desc->fd, IOKMEM_DUPLICATE, &arg))
		return IOKMEM_RETURN_NO_RESOURCES;
	ret = send_fd(sock, arg.fd);
	err = errno;
	close(arg.fd);
	errno = err;
	return ret;
}

/* Return how many file descriptors came with @msg. All but the first are closed. */
static int take_fds(struct msghdr *msg, int *first)
{
	struct cmsghdr *cmsg;
	int fd, nr = 0;
	size_t at;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (at = 0; CMSG_LEN(at + sizeof(fd)) <= cmsg->cmsg_len;
		     at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(cmsg) + at, sizeof(fd));
			if (nr++)
				close(fd);
			else
				*first = fd;
		}
	}
	return nr;
}

/*
 * Receive a message of one byte and one file descriptor. Any other message is dropped, and its
 * file descriptors are closed.
 */
static int32_t receive_fd(int sock, int *fd)
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	/* Leave room for the sender's credentials, which some sockets add. */
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = { .bytes = "" };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got;
	int nr;

	*fd = -1;
	do {
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return IOKMEM_RETURN_IPC_ERROR;

	nr = take_fds(&msg, fd);
	if (nr == 1 && got == 1 && byte == DESCRIPTOR &&
	    !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return IOKMEM_RETURN_SUCCESS;
	if (*fd >= 0)
		close(*fd);
	if (!got)
		return __iokmem_fail(IOKMEM_RETURN_IPC_ERROR, EPIPE);
	/* The message had one, but this process had no room for it. */
	if (!nr && (msg.msg_flags & MSG_CTRUNC))
		return __iokmem_fail(IOKMEM_RETURN_NO_RESOURCES, EMFILE);
	return __iokmem_fail(IOKMEM_RETURN_BAD_MESSAGE_ID, EBADMSG);
}

/*
 * Return true if the kernel answers the ioctls of @fd. A program can make a file whose ioctls it
 * answers itself, by FUSE or CUSE, but not on this file system.
 */
static bool is_kernels(int fd)
{
	struct statfs on;

	return !fstatfs(fd, &on) && on.f_type == ANON_INODE_FS_MAGIC;
}

/**
 * iokmem_desc_receive - receive a descriptor that another process sends
 * @sock: a connected Unix socket
 * @desc: out: the descriptor, or NULL
 *
 * Waits for a message, unless the socket is non-blocking. Any message other than a descriptor
 * is dropped. The kernel vouches for the descriptor: a file that only answers as one is none. What
 * the peer can do with the memory is for the peer to say: change its content and its length at
 * any time, unless it has a read-only descriptor; and revoke it, if it has kept that right.
 *
 * Return: BAD_ARGUMENT: NULL; IPC_ERROR: no message, see recvmsg(2), or EPIPE when the
 * other end is closed; BAD_MESSAGE_ID: the message is not exactly one
 * descriptor; NO_RESOURCES: no room for its file descriptor; NO_MEMORY.
 */
int32_t iokmem_desc_receive(int sock, struct iokmem_desc **desc)
{
	int32_t ret;
	int fd;

	if (!desc)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*desc = NULL;
	ret = receive_fd(sock, &fd);
	if (ret)
		return ret;
	if (!is_kernels(fd)) {
		close(fd);
		return __iokmem_fail(IOKMEM_RETURN_BAD_MESSAGE_ID, EBADMSG);
	}
	ret = __iokmem_desc_with_fd(fd, 0, desc);
	/* The file descriptor is valid, but its file is no descriptor. */
	if (ret && errno != ENOMEM)
		return __iokmem_fail(IOKMEM_RETURN_BAD_MESSAGE_ID, EBADMSG);
	return ret;
}
