import { AwsCallFailed } from './json-call.ts';
import { multipartCall } from './s3.ts';

/** AWS: 5 MB for every part but the last, 10 000 parts. */
const partCharacters = 6 * 1024 * 1024;

/** How far an upload has come: what another process needs to go on with it. */
export interface UploadState {
  uploadId: string;
  /** The entity tags of the parts that are stored, in their order. */
  etags: string[];
  sizeBytes: number;
}

/**
 * An object that grows: text is gathered and sent in parts of at least 6 MB, so memory does not grow with it. An
 * upload that is never finished costs until the bucket's lifecycle rule ends it, a day later.
 */
export class GrowingObject {
  readonly #key: string;
  readonly #contentType: string;
  #state: UploadState | undefined;
  #pending: string[] = [];
  #characters = 0;

  /** @param state where an earlier process has left it */
  constructor(key: string, contentType: string, state?: UploadState) {
    this.#key = key;
    this.#contentType = contentType;
    this.#state = state;
  }

  /** What is stored for good; undefined before the first part. */
  get state(): UploadState | undefined {
    return this.#state;
  }

  /** What is not stored yet. */
  get pending(): string {
    return this.#pending.join('');
  }

  /** Adds text. @returns true when everything so far has been stored with it */
  async write(text: string): Promise<boolean> {
    this.#pending.push(text);
    this.#characters += text.length;
    if (this.#characters < partCharacters) return false;
    await this.#storePart();
    return true;
  }

  /** Ends the object, which exists from now on. @returns its size in bytes */
  async finish(): Promise<number> {
    // The last part may be as small as it likes, and an object has one part at least.
    if (this.#characters > 0 || !this.#state) await this.#storePart();
    const { uploadId, etags, sizeBytes } = this.#state as UploadState;
    const parts = etags.map(
      (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
    );
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    const { text } = await multipartCall('POST', this.#key, { uploadId }, { body });
    // AWS may say 200 and then, in the document, that it has failed.
    if (text.includes('<Error>'))
      throw new AwsCallFailed('S3CompleteFailed', 500, 'CompleteMultipartUpload failed');
    return sizeBytes;
  }

  async #storePart(): Promise<void> {
    const body = this.#pending.join('');
    const { uploadId, etags, sizeBytes } = this.#state ?? (await this.#begin());
    const partNumber = String(etags.length + 1);
    const { etag } = await multipartCall('PUT', this.#key, { partNumber, uploadId }, { body });
    if (!etag) throw new AwsCallFailed('S3NoEtag', 500, 'UploadPart answered without an entity tag');
    this.#state = { uploadId, etags: [...etags, etag], sizeBytes: sizeBytes + Buffer.byteLength(body) };
    this.#pending = [];
    this.#characters = 0;
  }

  async #begin(): Promise<UploadState> {
    const { text } = await multipartCall(
      'POST',
      this.#key,
      { uploads: '' },
      {
        body: '',
        contentType: this.#contentType,
      },
    );
    const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(text)?.[1];
    if (!uploadId)
      throw new AwsCallFailed('S3NoUploadId', 500, 'CreateMultipartUpload answered without an id');
    return { uploadId, etags: [], sizeBytes: 0 };
  }
}
