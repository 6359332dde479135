/* Shared by attacker.so and tests/tools/attack.py: orders and findings. */
#ifndef TOOLS_ATTACK_H
#define TOOLS_ATTACK_H

#include <stdatomic.h>
#include <stdint.h>

enum { ATTACK_MAGIC = 0x4154434b, ATTACK_TRIES = 64, ATTACK_OPS = 1024,
	ATTACK_FDS = 128, ATTACK_PATH = 256 };

struct attack_try {
	char		name[24];
	int32_t		tried;		/* pid that tried, 0: nobody yet */
	int32_t		done;		/* it came back */
	int32_t		err;		/* errno, 0: it succeeded */
};

struct attack_op {
	int32_t		fd;
	uint16_t	type;
	uint16_t	status;		/* 0xffff: no answer; 0xfffe: closed */
};

struct attack_fd {
	int32_t		fd;
	uint32_t	mode;		/* st_mode */
	uint32_t	flags;		/* F_GETFL */
	uint32_t	pad;
	uint64_t	ino;
};

struct attack {
	uint32_t	magic;
	char		role[20];	/* whom we take over; "" nobody */
	char		secret[ATTACK_PATH];	/* files to be reached: */
	char		message[ATTACK_PATH];
	char		database[ATTACK_PATH];
	char		control[ATTACK_PATH];	/* the control socket */
	char		fresh[ATTACK_PATH];	/* a name to be created */
	uint32_t	port;		/* someone listens on 127.0.0.1 */
	uint32_t	victim;		/* pid of another role */
	_Atomic uint32_t next;		/* try to be made next */
	uint32_t	ntries;
	_Atomic uint32_t scanned;	/* 1: being done, 2: ops, fds stand */
	uint32_t	nops, nfds;
	uint32_t	op_first, op_last;
	struct attack_try tries[ATTACK_TRIES];
	struct attack_op ops[ATTACK_OPS];
	struct attack_fd fds[ATTACK_FDS];
};

#endif
