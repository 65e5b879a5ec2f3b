import type { ReactElement } from 'react';
import { useState } from 'react';
import type { Draft, DraftPhoto } from '../../field/drafts';
import { asText, MOST_PHOTOS, NotAPhoto, shrunk } from '../../field/photo';
import { Button } from '../../parts/Button';
import { newId } from '../../parts/ids';
import { useWords } from '../../words/catalogue';
import { words } from './words';

type Props = { draft: Draft; onChange: (part: Partial<Draft>) => void };

/** Photos, at most six, made small on the device before they are kept; what is no photo is refused in words. */
export function Photos({ draft, onChange }: Props): ReactElement {
  const t = useWords(words);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const add = async (chosen: FileList | null): Promise<void> => {
    const files = Array.from(chosen ?? []);
    const room = MOST_PHOTOS - draft.photos.length;
    setBusy(true);
    const made = await Promise.all(files.slice(0, room).map(taken));
    const bad = made.find((one): one is string => typeof one === 'string');
    setProblem(bad !== undefined ? t.notPhoto(bad) : files.length > room ? t.mostPhotos : '');
    const good = made.filter((one): one is DraftPhoto => typeof one !== 'string');
    if (good.length > 0) onChange({ photos: [...draft.photos, ...good] });
    setBusy(false);
  };
  return (
    <section aria-label={t.photos}>
      <h2>
        {t.photos} {draft.photos.length}/{MOST_PHOTOS}
      </h2>
      <div className="photos">
        {draft.photos.map((one, at) => (
          <figure key={one.id}>
            <img src={`data:image/jpeg;base64,${one.data}`} alt={t.photo(at + 1)} />
            <Button
              size="small"
              aria-label={t.remove(at + 1)}
              onClick={() => onChange({ photos: draft.photos.filter((other) => other.id !== one.id) })}
            >
              ×
            </Button>
          </figure>
        ))}
      </div>
      <div className="row-of-buttons">
        <Picker label={t.take} capture disabled={busy} onPick={add} />
        <Picker label={t.pick} disabled={busy} onPick={add} />
      </div>
      {problem === '' ? null : (
        <p role="alert" className="refused">
          {problem}
        </p>
      )}
    </section>
  );
}

/** The photo made small, or the name of a file that is none. */
async function taken(file: File): Promise<DraftPhoto | string> {
  try {
    return { id: newId(), data: await asText(await shrunk(file)) };
  } catch (failure) {
    if (failure instanceof NotAPhoto) return file.name;
    throw failure;
  }
}

type PickerProps = { label: string; capture?: boolean; disabled: boolean; onPick: (files: FileList | null) => unknown };

function Picker({ label, capture = false, disabled, onPick }: PickerProps): ReactElement {
  return (
    <label className="picker">
      {label}
      <input
        type="file"
        accept="image/*"
        disabled={disabled}
        {...(capture ? { capture: 'environment' as const } : { multiple: true })}
        onChange={(event) => {
          void onPick(event.target.files);
          event.target.value = '';
        }}
      />
    </label>
  );
}
