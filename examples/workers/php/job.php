<?php

declare(strict_types=1);

/** The attempt failed; not retryable when another one would fail the same way. */
final class JobFailed extends Exception
{
    public function __construct(public string $errorCode, string $message, public bool $retryable = true)
    {
        parent::__construct($message);
    }
}

/**
 * What does the work of each type. It is killed when its lease is lost or cancelled or the worker stops,
 * so it must be safe to be done again from the start.
 *
 * @return array<string, callable(mixed $input, callable(int $percent, string $message): void $report): mixed>
 */
function handlers(): array
{
    return ['demo.sum' => demoSum(...)];
}

/** The demo job, the same in all languages: see examples/workers/README.md. */
function demoSum(mixed $given, callable $report): array
{
    $numbers = $given->numbers ?? null;
    if (!is_array($numbers) || array_filter($numbers, fn ($number) => !is_int($number) && !is_float($number))) {
        throw new JobFailed('bad_input', 'input.numbers must be a list of numbers', retryable: false);
    }
    $steps = (int) (($given->sleepSeconds ?? 0) * 10);
    for ($step = 0; $step < $steps; $step++) {
        $report(intdiv(100 * $step, $steps), "step $step of $steps");
        usleep(100_000);
    }
    if (isset($given->failWith)) {
        throw new JobFailed($given->failWith, 'as the input asked for', !($given->failPermanently ?? false));
    }
    return ['sum' => array_sum($numbers), 'language' => 'php', 'echo' => $given->echo ?? null];
}
