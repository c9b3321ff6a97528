/**
 * What may be attached: documents, pictures, sound and film. Nothing that a browser runs when it is opened (HTML,
 * SVG, scripts) and nothing that a desktop does; what is not listed is refused.
 */
const types = new Set([
  'application/pdf',
  'application/json',
  'application/zip',
  'application/rtf',
  'application/msword',
  'application/vnd.ms-excel',
  'application/vnd.ms-powerpoint',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
  'audio/mp4',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'audio/webm',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/heic',
  'image/jpeg',
  'image/png',
  'image/tiff',
  'image/webp',
  'message/rfc822',
  'text/calendar',
  'text/csv',
  'text/markdown',
  'text/plain',
  'text/vcard',
  'video/mp4',
  'video/quicktime',
  'video/webm',
]);

/** Endings by which a desktop knows what to run, whatever type it was sent as. */
const programs =
  /\.(app|apk|bat|cmd|com|cpl|dll|dmg|exe|gadget|hta|html?|jar|jse?|lnk|mjs|msi|msp|pif|pkg|ps1|py|reg|scr|sh|svgz?|url|vbe?|vbs|wsf|wsh|xht|xhtml|xll)[. ]*$/i;

export const allowedTypes: readonly string[] = [...types];

/** True for a type that may be attached; parameters such as a charset do not matter. */
export function isAllowedType(contentType: string): boolean {
  const [type = ''] = contentType.split(';');
  return types.has(type.trim().toLowerCase());
}

/** True for the name of a file that a desktop would run. */
export function isProgram(name: string): boolean {
  return programs.test(name);
}

/**
 * RFC 6266: save it under its name, never show it. Names beyond ASCII go into `filename*`, and the plain one is what
 * old clients take.
 */
export function saveAs(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
