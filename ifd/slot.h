/* One slot: a unix socket that one virtual card at a time dials. See slot.c. */
#ifndef IPS_SLOT_H
#define IPS_SLOT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

enum { ATR_BYTES_MAX = 33, PAYLOAD_BYTES_MAX = 0xFFFF };

/* What an exchange came to. */
enum slot_result {
	SLOT_OK = 0,
	SLOT_EMPTY,    /* no card, or it has just left */
	SLOT_MUTE,     /* the card is there and says that it says nothing: an empty frame */
	SLOT_LATE,     /* nothing came in time, or half of it */
	SLOT_TOO_LONG, /* the answer does not fit */
};

struct slot {
	bool open;
	bool keypad;
	bool powered;
	bool gone; /* the card has left; the next look says absent, whoever waits to come in */
	int listener;
	int card; /* -1: none */
	int stop; /* eventfd that ends slot_wait */
	struct sockaddr_un address;
	uint8_t atr[ATR_BYTES_MAX];
	size_t atr_size;
	pthread_mutex_t lock; /* pcscd locks a reader too, but not against slot_wait */
};

bool slot_open(struct slot *slot, const char *path);
void slot_close(struct slot *slot);
bool slot_has_card(struct slot *slot);
enum slot_result slot_power_on(struct slot *slot, bool warm);
void slot_power_off(struct slot *slot);
enum slot_result slot_exchange(struct slot *slot, const uint8_t *command, size_t command_size,
			       uint8_t *answer, size_t *answer_size, int timeout_ms);
enum slot_result slot_enter_pin(struct slot *slot, const uint8_t *structure, size_t size,
				uint8_t *answer, size_t *answer_size, int timeout_ms);
bool slot_wait(struct slot *slot, int timeout_ms);
void slot_stop_waiting(struct slot *slot);

#endif
