/** Return a new random id; works on plain HTTP too, where crypto.randomUUID does not exist. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const byte = (at: number): number => bytes[at] ?? 0;
  bytes[6] = (byte(6) & 0x0f) | 0x40;
  bytes[8] = (byte(8) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (one) => one.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
