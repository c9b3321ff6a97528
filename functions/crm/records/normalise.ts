/** Forms in which values are compared: what people write stays as it is, what is compared is normalised. */

/**
 * Two spellings of one mailbox: case does not matter in practice, whatever RFC 5321 allows, nor does how an accent is
 * encoded (NFC, as RFC 6532 wants it).
 */
export function emailKey(email: string): string {
  return email.normalize('NFC').trim().toLowerCase().normalize('NFC');
}

/** `+49 (0)30`: a zero that is dialled within the country only. */
const trunkZero = /^(\s*(?:\+|00)\s*\d[\d\s.-]*)\(\s*0\s*\)/;

/**
 * Digits, with a leading `+` where the country code is known (`00` counts as one), and no zero in parentheses after
 * it: E.164 where possible.
 */
export function phoneKey(phone: string): string {
  const [written = '', ...extension] = phone.trim().split(/[x#]/i);
  const number = written.replace(trunkZero, '$1');
  const digits = number.replace(/\D/g, '');
  const international = digits.startsWith('00') ? `+${digits.slice(2)}` : digits;
  return [
    number.startsWith('+') ? `+${digits}` : international,
    ...extension.map((part) => part.replace(/\D/g, '')),
  ].join('x');
}

/** `www.example.com` is another domain than `example.com`: nothing says that both belong to one company. */
export function domainKey(domain: string): string {
  return domain.trim().toLowerCase();
}

const nameKeyLength = 200;

/** A name for sorting and prefix search: no case, no accents, single blanks, no key separators. */
export function nameKey(name: string): string {
  return (
    name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[#~\s]+/g, ' ')
      .trim()
      .slice(0, nameKeyLength)
      // The cut may have halved a character.
      .replace(/[\ud800-\udbff]$/, '')
  );
}
