#!/usr/bin/env php
<?php

/**
 * A Tandem worker in PHP 8.1 or later, with the extensions curl and pcntl (Debian: php-cli php-curl).
 *
 *     TANDEM_URL=http://localhost:3000 TANDEM_API_KEY=tdm_… php worker.php demo.sum
 *
 * The work runs in a forked process, so that heartbeats go on whatever it does, a fatal error included.
 * The protocol is explained in docs/worker-protocol.md; the work itself is in job.php.
 */

declare(strict_types=1);

require __DIR__ . '/job.php';

const WAIT_SECONDS = 20;
/** How long a stopping worker tries to tell the service: supervisors kill after 10 s, as a rule. */
const SECONDS_TO_STOP = 5;

$base = rtrim(env('TANDEM_URL'), '/') . '/api/v1/tasks';
$key = env('TANDEM_API_KEY');
$leaseSeconds = (int) (getenv('TANDEM_LEASE_SECONDS') ?: 30);
$workerId = substr('php-' . gethostname() . '-' . getmypid(), 0, 128);
$stopping = false;

pcntl_async_signals(true);
foreach ([SIGTERM, SIGINT] as $signal) {
    pcntl_signal($signal, function () use (&$stopping) {
        $stopping = true;
    });
}

function env(string $name): string
{
    return getenv($name) ?: fatal("$name is not set");
}

function say(mixed ...$words): void
{
    fwrite(STDERR, implode(' ', $words) . "\n");
}

function fatal(string $message): never
{
    say($message);
    exit(1);
}

function clock(): float
{
    return hrtime(true) / 1e9;
}

final class Answer
{
    public bool $repeated = false;

    /** @param int $status 0 when nobody knows whether the call has arrived */
    public function __construct(public int $status, public object $body, public int $retryAfter = 0)
    {
    }

    public function isFinal(): bool
    {
        return $this->status !== 0 && $this->status !== 429 && $this->status < 500;
    }
}

/** One call. A call that may be interrupted ends as soon as the process is told to stop. */
function post(string $path, array $body, int $timeout = 10, bool $interruptible = false): Answer
{
    global $base, $key, $stopping;
    $retryAfter = 0;
    $curl = curl_init($base . $path);
    curl_setopt_array($curl, [
        CURLOPT_POSTFIELDS => json_encode((object) $body, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION),
        CURLOPT_HTTPHEADER => ["Authorization: Bearer $key", 'Content-Type: application/json'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 10,
        CURLOPT_TIMEOUT => $timeout,
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$retryAfter): int {
            if (preg_match('/^retry-after:\s*(\d+)/i', $line, $match)) {
                $retryAfter = (int) $match[1];
            }
            return strlen($line);
        },
        // Called at least once a second.
        CURLOPT_NOPROGRESS => !$interruptible,
        CURLOPT_XFERINFOFUNCTION => function () use (&$stopping): int {
            return (int) $stopping;
        },
    ]);
    $text = curl_exec($curl);
    if ($text === false) {
        return new Answer(0, (object) ['code' => 'network', 'detail' => curl_error($curl)]);
    }
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    // As objects, not arrays: {} must not become [].
    $decoded = json_decode($text, false, 512, JSON_BIGINT_AS_STRING);
    if (is_object($decoded)) {
        return new Answer($status, $decoded, $retryAfter);
    }
    return new Answer($status < 400 ? 0 : $status, (object) ['code' => 'unknown', 'detail' => substr($text, 0, 200)]);
}

/**
 * Repeats the same call until it is answered; every call to the service is safe to repeat as it is.
 * Null when the process stops before that.
 */
function postPatiently(string $path, array $body, int $timeout = 10, bool $interruptible = false): ?Answer
{
    global $stopping;
    $giveUp = INF;
    for ($tries = 1;; $tries++) {
        $answer = post($path, $body, $timeout, $interruptible);
        if ($answer->isFinal()) {
            $answer->repeated = $tries > 1;
            return $answer;
        }
        if ($stopping && ($interruptible || clock() > $giveUp)) {
            return null;
        }
        say($path, $answer->status, $answer->body->detail ?? '');
        if ($stopping) {
            $giveUp = min($giveUp, clock() + SECONDS_TO_STOP);
            usleep(500_000);
            continue;
        }
        $backoff = min(30, 0.25 * 2 ** min($tries, 10)) * random_int(500, 1000) / 1000;
        // A signal ends a sleep.
        usleep((int) (max($answer->retryAfter, $backoff) * 1e6));
    }
}

/** Waits for a task; null when there was none or the process stops. */
function claim(array $types): ?array
{
    global $leaseSeconds, $workerId;
    $claimId = bin2hex(random_bytes(16));
    $body = ['types' => $types, 'workerId' => $workerId, 'max' => 1, 'leaseSeconds' => $leaseSeconds,
        'waitSeconds' => WAIT_SECONDS, 'claimId' => $claimId];
    $answer = postPatiently('/claim', $body, WAIT_SECONDS + 10, interruptible: true);
    if (!$answer) {
        // The service still waits, and would lease a task to nobody.
        postPatiently('/claim/abandon', ['claimId' => $claimId], 5);
        return null;
    }
    if ($answer->status !== 200) {
        fatal("cannot claim: $answer->status {$answer->body->code}: {$answer->body->detail}");
    }
    return $answer->body->tasks ? [$answer->body->tasks[0], $answer->repeated] : null;
}

/** Runs a task in a process of its own, renews its lease meanwhile, and settles it. */
function work(object $task, bool $repeated): void
{
    global $leaseSeconds, $stopping;
    say('claimed', $task->id, $task->type, 'attempt', $task->attempt);
    [$ours, $theirs] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, STREAM_IPPROTO_IP);
    $child = pcntl_fork();
    if ($child === 0) {
        fclose($ours);
        runJob($task, $theirs);
    }
    fclose($theirs);
    stream_set_blocking($ours, false);

    $end = null;
    $progress = null;
    $why = '';
    $unread = '';
    $renewed = clock();
    // A third of the lease leaves time to repeat a heartbeat that failed, and that is done soon.
    $nextBeat = $repeated ? 0.0 : $renewed + $leaseSeconds / 3;
    while ($end === null && $why === '') {
        $read = [$ours];
        $none = null;
        // A signal interrupts it.
        @stream_select($read, $none, $none, 0, 200_000);
        $unread .= stream_get_contents($ours);
        $lines = explode("\n", $unread);
        $unread = array_pop($lines);
        foreach ($lines as $line) {
            $message = json_decode($line, false, 512, JSON_BIGINT_AS_STRING);
            [$progress, $end] = isset($message->progress) ? [$message->progress, $end] : [$progress, $message];
        }
        if ($end === null && feof($ours)) {
            $end = (object) ['fail' => ['error' => ['code' => 'crashed', 'message' => 'The process of the work ended']]];
        }
        $why = $end === null && $stopping ? 'stopping' : $why;
        if ($end !== null || $why !== '' || clock() < $nextBeat) {
            continue;
        }
        $nextBeat = clock() + $leaseSeconds / 3;
        $sent = clock();
        $body = ['leaseToken' => $task->leaseToken, 'leaseSeconds' => $leaseSeconds];
        $answer = post("/$task->id/heartbeat", $progress ? $body + ['progress' => $progress] : $body, max(3, intdiv($leaseSeconds, 3)));
        if ($answer->status === 200) {
            $renewed = $sent;
            $why = $answer->body->cancelRequested ? 'cancelled' : '';
        } elseif ($answer->isFinal() || clock() - $renewed > $leaseSeconds) {
            $why = 'lost';
        } else {
            $nextBeat = min($nextBeat, clock() + 1);
        }
    }
    posix_kill($child, SIGKILL);
    while (pcntl_waitpid($child, $ignored) === -1 && pcntl_get_last_error() === PCNTL_EINTR);
    if ($why === 'lost') {
        say('lost', $task->id);
        return;
    }
    $action = $why !== '' ? 'release' : key((array) $end);
    settle($task, $action, $why !== '' ? [] : (array) $end->$action);
}

/** In the forked process: one line of JSON for every progress and for the end. */
function runJob(object $task, $pipe): never
{
    foreach ([SIGTERM, SIGINT] as $signal) {
        pcntl_signal($signal, SIG_IGN); // Ctrl-C reaches both; the parent decides
    }
    $tell = function (array $message) use ($pipe) {
        $line = json_encode($message, JSON_PRESERVE_ZERO_FRACTION | JSON_INVALID_UTF8_SUBSTITUTE) . "\n";
        @fwrite($pipe, $line) === strlen($line) || exit(1); // the parent has gone
    };
    $report = fn (int $percent, string $message) => $tell(['progress' => ['percent' => $percent, 'message' => $message]]);
    try {
        $tell(['complete' => ['result' => handlers()[$task->type]($task->input, $report)]]);
    } catch (JobFailed $failed) {
        $error = ['code' => $failed->errorCode, 'message' => $failed->getMessage()];
        $tell(['fail' => ['error' => $error, 'retryable' => $failed->retryable]]);
    } catch (Throwable $bug) { // worth another attempt, perhaps after a new release
        $tell(['fail' => ['error' => ['code' => 'unexpected', 'message' => substr((string) $bug, 0, 2000)]]]);
    }
    exit(0);
}

function settle(object $task, string $action, array $body): void
{
    $answer = postPatiently("/$task->id/$action", ['leaseToken' => $task->leaseToken] + $body);
    if ($answer?->status === 200) {
        say($action, $task->id, $answer->body->state);
        return;
    }
    $detail = $answer?->body->detail ?? 'no answer';
    if (in_array($answer?->status, [401, 403], true)) {
        fatal("the key is no longer accepted: $detail");
    }
    say('not accepted:', $action, $task->id, $answer?->status, $detail);
    if ($action === 'complete' && in_array($answer?->status, [413, 422], true)) {
        // It is the result that is refused; the lease is still ours.
        $error = ['code' => 'result_refused', 'message' => $detail];
        settle($task, 'fail', ['error' => $error, 'retryable' => false]);
    }
}

$types = array_slice($argv, 1) ?: array_keys(handlers());
foreach ($types as $type) {
    isset(handlers()[$type]) || fatal("no handler for $type");
}
say($workerId, 'works on', ...$types);
while (!$stopping) {
    $claimed = claim($types);
    if ($claimed) {
        work(...$claimed);
    }
}
