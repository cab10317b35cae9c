/** "Try again in …", in words that fit a person: the seconds are for machines. */
export function throttledFor(retryAfterSeconds: number): string {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  const wait =
    minutes <= 1
      ? 'a minute'
      : minutes < 60
        ? `${minutes} minutes`
        : minutes < 90
          ? 'an hour'
          : `${Math.ceil(minutes / 60)} hours`
  return `There were too many attempts. Try again in ${wait}.`
}
