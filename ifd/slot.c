/* One slot of the reader: a unix socket on which one virtual card at a time hangs.
 *
 *   frame   length u16 | payload                 big-endian, both directions (protocols/vpcd.py)
 *   to the card    00 off, 01 on, 02 reset, 04 which ATR?, 08 + frame: PIN entry, else a command
 *   from the card  ATR, response, status word
 *
 * The connection is the card: dialling is insertion, hanging up is removal. Three rules keep two
 * cards apart that follow each other faster than anybody looks:
 *   1. A card that has left is told as absent once, by slot_has_card, before the next is let in.
 *   2. Only slot_has_card lets a card in; an exchange never does.
 *   3. A card that was not powered since it came in gets no command.
 * An answer that is late, torn or not asked for ends the connection: what comes after it could be
 * taken for the answer to another command. An empty one does not: a card that is in the wrong way
 * round stays in, mute.
 */
#define _GNU_SOURCE
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { POWER_OFF = 0, POWER_ON = 1, WARM_RESET = 2, TELL_ATR = 4, ENTER_PIN = 8 };
enum { HEAD_BYTES = 2, SEND_TIMEOUT_MS = 2000, ATR_TIMEOUT_MS = 2000 };

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - now_ms();
	return left > 0 ? (int)left : 0;
}

/* The descriptor stays open until slot_has_card closes it: slot_wait may be looking at it. */
static void hang_up(struct slot *slot)
{
	if (slot->card >= 0 && !slot->gone) {
		shutdown(slot->card, SHUT_RDWR);
		slot->gone = true;
	}
	slot->powered = false;
	slot->atr_size = 0;
}

static bool wait_for(int descriptor, short events, int64_t deadline)
{
	struct pollfd one = { .fd = descriptor, .events = events };
	int ready;
	do
		ready = poll(&one, 1, left_ms(deadline));
	while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static enum slot_result send_all(struct slot *slot, const uint8_t *bytes, size_t size)
{
	int64_t deadline = now_ms() + SEND_TIMEOUT_MS;
	while (size > 0) {
		ssize_t sent = send(slot->card, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent > 0) {
			bytes += sent;
			size -= (size_t)sent;
		} else if (sent < 0 && errno == EINTR) {
			continue;
		} else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (!wait_for(slot->card, POLLOUT, deadline))
				return SLOT_LATE;
		} else {
			return SLOT_EMPTY;
		}
	}
	return SLOT_OK;
}

static enum slot_result receive_all(struct slot *slot, uint8_t *bytes, size_t size, int64_t deadline)
{
	while (size > 0) {
		ssize_t got = recv(slot->card, bytes, size, MSG_DONTWAIT);
		if (got > 0) {
			bytes += got;
			size -= (size_t)got;
		} else if (got == 0) {
			return SLOT_EMPTY;
		} else if (errno == EINTR) {
			continue;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_for(slot->card, POLLIN, deadline))
				return SLOT_LATE;
		} else {
			return SLOT_EMPTY;
		}
	}
	return SLOT_OK;
}

/* Length and payload leave in one send: two would wait for each other (Nagle) on a slower wire. */
static enum slot_result send_frame(struct slot *slot, const uint8_t *payload, size_t size)
{
	uint8_t frame[HEAD_BYTES + PAYLOAD_BYTES_MAX];
	if (size > PAYLOAD_BYTES_MAX)
		return SLOT_TOO_LONG;
	frame[0] = (uint8_t)(size >> 8);
	frame[1] = (uint8_t)size;
	if (size > 0)
		memcpy(frame + HEAD_BYTES, payload, size);
	return send_all(slot, frame, HEAD_BYTES + size);
}

static enum slot_result send_control(struct slot *slot, uint8_t control)
{
	return send_frame(slot, &control, 1);
}

static enum slot_result receive_frame(struct slot *slot, uint8_t *payload, size_t *size, int timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;
	uint8_t head[HEAD_BYTES];
	enum slot_result result = receive_all(slot, head, sizeof head, deadline);
	if (result != SLOT_OK)
		return result;
	size_t wanted = (size_t)head[0] << 8 | head[1];
	if (wanted == 0)
		return SLOT_MUTE;
	if (wanted > *size)
		return SLOT_TOO_LONG;
	*size = wanted;
	return receive_all(slot, payload, wanted, deadline);
}

/* Bytes that nobody asked for would be taken for the next answer. */
static bool is_quiet(struct slot *slot)
{
	uint8_t byte;
	ssize_t got;
	do
		got = recv(slot->card, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool is_socket(const char *path)
{
	struct stat found;
	return lstat(path, &found) == 0 && S_ISSOCK(found.st_mode);
}

/* A socket that a killed daemon left behind refuses calls; one in use does not. */
static bool is_abandoned(const struct sockaddr_un *address)
{
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return false;
	int refused = connect(probe, (const struct sockaddr *)address, sizeof *address) < 0 &&
		      errno == ECONNREFUSED;
	close(probe);
	return refused;
}

static int listen_at(const struct sockaddr_un *address)
{
	const struct sockaddr *where = (const struct sockaddr *)address;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0)
		return -1;
	if (is_socket(address->sun_path) && is_abandoned(address))
		unlink(address->sun_path);
	/* fchmod before bind is what the new file inherits: nobody else ever gets in. */
	if (fchmod(listener, S_IRUSR | S_IWUSR) == 0 && bind(listener, where, sizeof *address) == 0) {
		if (listen(listener, 1) == 0)
			return listener;
		unlink(address->sun_path);
	}
	close(listener);
	return -1;
}

bool slot_open(struct slot *slot, const char *path)
{
	memset(slot, 0, sizeof *slot);
	slot->card = -1;
	slot->address.sun_family = AF_UNIX;
	size_t size = strlen(path);
	if (size == 0 || size >= sizeof slot->address.sun_path)
		return false;
	memcpy(slot->address.sun_path, path, size);
	slot->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (slot->stop < 0)
		return false;
	slot->listener = listen_at(&slot->address);
	if (slot->listener < 0 || pthread_mutex_init(&slot->lock, NULL) != 0) {
		if (slot->listener >= 0) {
			close(slot->listener);
			unlink(path);
		}
		close(slot->stop);
		return false;
	}
	slot->open = true;
	return true;
}

void slot_close(struct slot *slot)
{
	if (!slot->open)
		return;
	slot->open = false;
	if (slot->card >= 0)
		close(slot->card);
	close(slot->listener);
	unlink(slot->address.sun_path);
	close(slot->stop);
	pthread_mutex_destroy(&slot->lock);
	memset(slot, 0, sizeof *slot);
	slot->card = -1;
}

static bool has_hung_up(int card)
{
	struct pollfd one = { .fd = card, .events = POLLRDHUP };
	return poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}

bool slot_has_card(struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	if (slot->card >= 0 && !slot->gone && has_hung_up(slot->card))
		hang_up(slot);
	if (slot->gone) {
		/* Rule 1: absent once, even when another card waits at the door. */
		close(slot->card);
		slot->card = -1;
		slot->gone = false;
	} else if (slot->card < 0) {
		slot->card = accept4(slot->listener, NULL, NULL, SOCK_CLOEXEC);
		slot->powered = false;
		slot->atr_size = 0;
	}
	bool present = slot->card >= 0;
	pthread_mutex_unlock(&slot->lock);
	return present;
}

static enum slot_result ask_atr(struct slot *slot, bool warm)
{
	if (!is_quiet(slot))
		return SLOT_EMPTY;
	enum slot_result result = send_control(slot, warm ? WARM_RESET : POWER_ON);
	if (result == SLOT_OK)
		result = send_control(slot, TELL_ATR);
	size_t size = sizeof slot->atr;
	if (result == SLOT_OK)
		result = receive_frame(slot, slot->atr, &size, ATR_TIMEOUT_MS);
	if (result == SLOT_OK)
		slot->atr_size = size;
	return result;
}

enum slot_result slot_power_on(struct slot *slot, bool warm)
{
	pthread_mutex_lock(&slot->lock);
	enum slot_result result = SLOT_EMPTY;
	slot->powered = false;
	slot->atr_size = 0;
	if (slot->card >= 0 && !slot->gone) {
		result = ask_atr(slot, warm);
		if (result == SLOT_OK)
			slot->powered = true;
		else if (result != SLOT_MUTE)
			hang_up(slot);
	}
	pthread_mutex_unlock(&slot->lock);
	return result;
}

void slot_power_off(struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	if (slot->card >= 0 && !slot->gone && send_control(slot, POWER_OFF) != SLOT_OK)
		hang_up(slot);
	slot->powered = false;
	slot->atr_size = 0;
	pthread_mutex_unlock(&slot->lock);
}

static enum slot_result ask(struct slot *slot, const uint8_t *prefix, const uint8_t *command,
			    size_t command_size, uint8_t *answer, size_t *answer_size, int timeout_ms)
{
	enum slot_result result = SLOT_EMPTY;
	pthread_mutex_lock(&slot->lock);
	/* Rules 2 and 3. */
	if (slot->card >= 0 && !slot->gone && slot->powered) {
		result = is_quiet(slot) ? SLOT_OK : SLOT_EMPTY;
		if (result == SLOT_OK && prefix != NULL)
			result = send_control(slot, *prefix);
		if (result == SLOT_OK)
			result = send_frame(slot, command, command_size);
		if (result == SLOT_OK)
			result = receive_frame(slot, answer, answer_size, timeout_ms);
		if (result != SLOT_OK && result != SLOT_MUTE)
			hang_up(slot);
	}
	if (result != SLOT_OK)
		*answer_size = 0;
	pthread_mutex_unlock(&slot->lock);
	return result;
}

enum slot_result slot_exchange(struct slot *slot, const uint8_t *command, size_t command_size,
			       uint8_t *answer, size_t *answer_size, int timeout_ms)
{
	return ask(slot, NULL, command, command_size, answer, answer_size, timeout_ms);
}

enum slot_result slot_enter_pin(struct slot *slot, const uint8_t *structure, size_t size,
				uint8_t *answer, size_t *answer_size, int timeout_ms)
{
	const uint8_t prefix = ENTER_PIN;
	return ask(slot, &prefix, structure, size, answer, answer_size, timeout_ms);
}

/* Wait until slot_has_card may say something new. Only the thread that calls slot_has_card waits. */
bool slot_wait(struct slot *slot, int timeout_ms)
{
	pthread_mutex_lock(&slot->lock);
	bool card = slot->card >= 0;
	bool gone = slot->gone;
	struct pollfd watched[2] = {
		{ .fd = slot->stop, .events = POLLIN },
		{ .fd = card ? slot->card : slot->listener, .events = card ? POLLRDHUP : POLLIN },
	};
	pthread_mutex_unlock(&slot->lock);
	if (gone)
		return true;
	int ready = poll(watched, 2, timeout_ms);
	if (watched[0].revents & POLLIN) {
		uint64_t count;
		if (read(slot->stop, &count, sizeof count) < 0)
			return false;
	}
	return ready > 0;
}

void slot_stop_waiting(struct slot *slot)
{
	uint64_t one = 1;
	if (write(slot->stop, &one, sizeof one) < 0)
		return; /* The counter is full: slot_wait will end anyhow. */
}
