import type { ThemeConfig } from 'antd';

const FONTS = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif';

/** Contrast of at least 4.5 to 1 everywhere; bigger letters and targets on a phone. */
export function themeOf(narrow: boolean): ThemeConfig {
  return {
    token: {
      colorPrimary: '#1450aa',
      colorPrimaryHover: '#0e3f8a',
      colorPrimaryActive: '#0b3270',
      colorLink: '#1450aa',
      colorLinkHover: '#0e3f8a',
      colorLinkActive: '#0b3270',
      colorTextPlaceholder: '#666',
      colorTextDescription: '#595959',
      colorTextTertiary: '#595959',
      colorTextDisabled: '#6b6b6b',
      fontFamily: FONTS,
      fontSize: narrow ? 16 : 14,
      controlHeight: narrow ? 44 : 32,
      controlHeightSM: narrow ? 44 : 24,
    },
  };
}
