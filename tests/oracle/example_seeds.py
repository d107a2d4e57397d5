"""A few rows of every seed file, for tests that want rules small enough to see through."""

SEED_TEXTS = {
    "invalid_ids": "invalid_id\nnull\n0\nnone\nundefined\n[object object]\n"
                   "00000000-0000-0000-0000-000000000000\n",
    "click_ids": "click_id_name,source,medium,is_paid\ngclid,google,cpc,true\nfbclid,facebook,social,false\n",
    "referrers": "host_pattern,source,category\ngoogle.*,google,search\nmail.google.com,gmail,email\n"
                 "facebook.com,facebook,social\nchatgpt.com,chatgpt,ai_assistant\nshop.com,shop,shopping\n",
    "excluded_referrers": "domain,note\npaypal.com,pays\n",
    "channel_rules": "rule_order,channel,source_pattern,source_category,medium_pattern,campaign_pattern,is_paid,note\n"
                     "20,Paid Search,,search,^(.*cp.*|ppc)$,,true,\n10,Direct,^\\(direct\\)$,,^\\(none\\)$,,false,\n"
                     "30,Social,,social|video,,,false,\n40,Sale,,,,sale,false,\n50,Referral,,,^referral$,,false,\n"
                     "60,Partner,^partner$,,^$,,true,\n70,Paid Other,,,^paid,,true,\n",
}


def write_seeds(folder):
    """Write the five CSV files into a folder (a Path) and return it."""
    for name, text in SEED_TEXTS.items():
        (folder / f"{name}.csv").write_text(text)
    return folder
