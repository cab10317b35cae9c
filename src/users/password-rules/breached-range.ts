/**
 * Looks a SHA-1 up by k-anonymity, as the Pwned Passwords API does it: only its first five digits leave the house, and the answer lists the
 * rest of every leaked one that begins so, one `SUFFIX:COUNT` a line. Lines that count 0 are padding. `fetchRange` gets the
 * answer's text; what is no such list is thrown.
 */
export function createRangeLookup(
  fetchRange: (prefix: string) => Promise<string>,
): (sha1: string) => Promise<boolean> {
  return async (sha1) => {
    const suffix = sha1.slice(5)
    const lines = (await fetchRange(sha1.slice(0, 5))).split(/\r?\n/).filter((line) => line !== '')
    if (!lines.every((line) => /^[0-9A-Fa-f]{35}:\d{1,15}$/.test(line)))
      throw new Error('the answer is no range of hashes')
    return lines.some((line) => line.slice(0, 35).toUpperCase() === suffix && Number(line.slice(36)) > 0)
  }
}
