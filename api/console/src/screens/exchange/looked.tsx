import type { ReactElement } from 'react';
import { Button } from '../../parts/Button';
import { writtenCount } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { type Name, type Places, type Preview, placesOf } from './sheet';
import { words } from './words';

const MOST_ERRORS = 20;
type Props = {
  name: string;
  preview: Preview;
  busy: boolean;
  onPlaces: (places: Places) => void;
  onErrors: () => void;
  onConfirm: () => void;
};

/** How a sheet would be read: encoding, columns, the first rows, and what would become of each. */
export function Looked({ name, preview, busy, onPlaces, onErrors, onConfirm }: Props): ReactElement {
  const t = useWords(words);
  const { would } = preview;
  const count = (n: number) => writtenCount(n);
  return (
    <>
      <p>{t.file(name, count(preview.count))}</p>
      <p className="quiet">{preview.encoding === null ? t.workbook : t.encoding(preview.encoding)}</p>
      <Mapping preview={preview} busy={busy} onPlaces={onPlaces} />
      <Rows preview={preview} />
      {would === null ? (
        <p role="status">{t.lacking}</p>
      ) : (
        <>
          <p role="status">{t.would(count(would.recorded), count(would.repeated), count(would.errors.length))}</p>
          {would.errors.length === 0 ? null : <Errors errors={would.errors} onErrors={onErrors} />}
          <div className="row-of-buttons">
            <Button type="primary" loading={busy} disabled={would.recorded === 0} onClick={onConfirm}>
              {t.confirm(count(would.recorded))}
            </Button>
          </div>
        </>
      )}
    </>
  );
}

function Mapping({ preview, busy, onPlaces }: Pick<Props, 'preview' | 'busy' | 'onPlaces'>): ReactElement {
  const t = useWords(words);
  const places = placesOf(preview);
  const choose = (name: Name, said: string) => {
    const place = said === '' ? null : Number(said);
    const others = Object.entries(places).filter(([, taken]) => place === null || taken !== place);
    onPlaces({ ...Object.fromEntries(others), [name]: place });
  };
  return (
    <fieldset className="exchange-columns" disabled={busy}>
      <legend>
        {t.mapping} {preview.remembered ? <span className="quiet">{t.remembered}</span> : null}
      </legend>
      {preview.columns.map((one) => (
        <label key={one.name}>
          {one.title}
          {one.needed ? <span className="quiet">{aside(t.needed)}</span> : null}
          <select value={one.place ?? ''} onChange={(event) => choose(one.name, event.target.value)}>
            <option value="">{t.notThere}</option>
            {preview.header.map((title, place) => (
              <option key={`${String(place)}-${title}`} value={place}>
                {t.column(place + 1, title)}
              </option>
            ))}
          </select>
        </label>
      ))}
    </fieldset>
  );
}

function Rows({ preview }: { preview: Preview }): ReactElement {
  const t = useWords(words);
  return (
    <details open>
      <summary>{t.preview}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="exchange-wide" tabIndex={0} aria-label={t.preview}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t.row}</th>
              {preview.header.map((title, place) => (
                <th key={`${String(place)}-${title}`} scope="col">
                  {title || place + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {preview.rows.map((row) => (
              <tr key={row.row}>
                <th scope="row">{row.row}</th>
                {row.cells.map((cell, place) => (
                  <td key={String(place)}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

type ErrorsProps = { errors: { row: number; zh: string; en: string }[]; onErrors: () => void };

function Errors({ errors, onErrors }: ErrorsProps): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const rest = errors.length - MOST_ERRORS;
  return (
    <>
      <h3>{t.errors}</h3>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t.row}</th>
            <th scope="col">{t.reason}</th>
          </tr>
        </thead>
        <tbody>
          {errors.slice(0, MOST_ERRORS).map((one) => (
            <tr key={one.row}>
              <th scope="row">{one.row}</th>
              <td>{served(one.zh, one.en)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 ? <p className="quiet">{t.moreErrors(writtenCount(rest))}</p> : null}
      <Button onClick={onErrors}>{t.errorsBook}</Button>
    </>
  );
}
