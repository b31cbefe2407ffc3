# Reference values for test_mmrm_means.py. Run in this folder, with the folder of the shared data as argument:
#   Rscript mmrm_means.R ../../../../shared/data/statistics > mmrm_means.json
# Made with R 4.2.2, emmeans, car, nlme. Two kinds:
#   least squares: lm, emmeans and car::Anova(type = 3, contr.sum): the hypotheses without any covariance in the way;
#   mixed: gls with an unstructured covariance, tightly converged, and emmeans with asymptotic degrees of freedom.
suppressMessages({library(emmeans); library(car); library(nlme); library(jsonlite)})
emm_options(cov.keep = character(0))
folder <- commandArgs(trailingOnly = TRUE)[1]
fev <- read.csv(file.path(folder, "fev_from_mmrm_apache2.csv"), stringsAsFactors = TRUE)
fev$ARMCD <- relevel(fev$ARMCD, "PBO")
fev <- fev[!is.na(fev$FEV1), ]

squares <- function(formula) {
  options(contrasts = c("contr.treatment", "contr.poly"))
  fit <- lm(as.formula(formula), fev)
  grid <- emmeans(fit, ~ AVISIT | ARMCD, nesting = NULL)
  means <- as.data.frame(grid)
  pairs <- as.data.frame(contrast(emmeans(fit, ~ ARMCD | AVISIT, nesting = NULL), "revpairwise"))
  options(contrasts = c("contr.sum", "contr.poly"))
  tests <- Anova(lm(as.formula(formula), fev), type = 3)
  tests <- tests[!rownames(tests) %in% c("(Intercept)", "Residuals"), ]
  options(contrasts = c("contr.treatment", "contr.poly"))
  list(formula = formula, means = means$emmean, mean_se = means$SE, contrasts = pairs$estimate, contrast_se = pairs$SE,
       terms = rownames(tests), F = tests[["F value"]], df = tests[["Df"]])
}

mixed <- function(formula, data, id, visit, arm) {
  data$.visit <- as.integer(factor(data[[visit]]))
  fit <- gls(as.formula(formula), data,
             correlation = corSymm(form = as.formula(paste("~ .visit |", id))),
             weights = varIdent(form = as.formula(paste("~ 1 |", visit))),
             control = glsControl(opt = "nlminb", tolerance = 1e-12, msTol = 1e-12, maxIter = 500, msMaxIter = 1000))
  means <- as.data.frame(emmeans(fit, as.formula(paste("~", visit, "|", arm)), mode = "asymptotic", data = data))
  pairs <- as.data.frame(contrast(emmeans(fit, as.formula(paste("~", arm, "|", visit)), mode = "asymptotic", data = data),
                                  "revpairwise"))
  list(formula = formula, loglik = as.numeric(logLik(fit)), means = means$emmean, mean_se = means$SE,
       contrasts = pairs$estimate, contrast_se = pairs$SE)
}

trial <- read.csv(file.path(folder, "sim.csv"))
trial <- trial[trial$trial == 0, ]
trial$visit <- factor(trial$visit); trial$arm <- factor(trial$arm); trial$id <- factor(trial$id)

cat(toJSON(list(
  squares = lapply(c(
    "FEV1 ~ ARMCD * AVISIT",
    "FEV1 ~ RACE + SEX + FEV1_BL + ARMCD * AVISIT",
    "FEV1 ~ RACE * SEX * ARMCD + FEV1_BL + AVISIT",
    "FEV1 ~ FEV1_BL * ARMCD * AVISIT + SEX",
    "FEV1 ~ poly(FEV1_BL, 2) + RACE * AVISIT + ARMCD",
    "FEV1 ~ log(FEV1_BL) * WEIGHT + ARMCD * AVISIT",
    "log(FEV1) ~ FEV1_BL + I(FEV1_BL^2) + ARMCD + AVISIT"), squares),
  mixed = list(
    mixed("FEV1 ~ RACE + SEX + FEV1_BL + ARMCD * AVISIT", fev, "USUBJID", "AVISIT", "ARMCD"),
    mixed("y ~ base + arm * visit", trial, "id", "visit", "arm"))
), digits = NA, auto_unbox = TRUE, pretty = TRUE))
