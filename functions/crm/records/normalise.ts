/** Forms in which values are compared: what people write stays as it is, what is compared is normalised. */

/** Two spellings of one mailbox: case does not matter in practice, whatever RFC 5321 allows. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

/** Digits, with a leading `+` where the country code is known (`00` counts as one): E.164 where possible. */
export function phoneKey(phone: string): string {
  const [number = '', ...extension] = phone.trim().split(/[x#]/i);
  const digits = number.replace(/\D/g, '');
  const international = digits.startsWith('00') ? `+${digits.slice(2)}` : digits;
  return [
    number.startsWith('+') ? `+${digits}` : international,
    ...extension.map((part) => part.replace(/\D/g, '')),
  ].join('x');
}

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
